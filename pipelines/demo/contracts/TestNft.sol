// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// What matters of an ERC-721 token: its Transfer has the same first topic as an ERC-20's, but four topics and no data.
contract TestNft {
    mapping(uint256 => address) public ownerOf;

    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);

    function mint(address to, uint256 tokenId) external {
        require(ownerOf[tokenId] == address(0), "ERC721: token already minted");
        ownerOf[tokenId] = to;
        emit Transfer(address(0), to, tokenId);
    }

    function transferFrom(address from, address to, uint256 tokenId) external {
        require(msg.sender == from && ownerOf[tokenId] == from, "ERC721: caller is not token owner");
        ownerOf[tokenId] = to;
        emit Transfer(from, to, tokenId);
    }
}
