// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

interface Token {
    function transfer(address to, uint256 value) external returns (bool);
}

/// Pays many receivers in one transaction, out of the tokens it holds itself.
contract BulkPayer {
    /// Pays in any token, also in one that returns nothing.
    function pay(address token, address[] calldata receivers, uint256[] calldata amounts) external {
        require(token.code.length > 0, "BulkPayer: no contract");
        for (uint256 i; i < receivers.length; ++i) {
            (bool done, bytes memory answer) = token.call(abi.encodeCall(Token.transfer, (receivers[i], amounts[i])));
            require(done && (answer.length == 0 || abi.decode(answer, (bool))), "BulkPayer: not paid");
        }
    }

    /// Pays as a contract does that was written against ERC-20: it fails where a token returns nothing.
    function payTyped(Token token, address[] calldata receivers, uint256[] calldata amounts) external {
        for (uint256 i; i < receivers.length; ++i) {
            require(token.transfer(receivers[i], amounts[i]), "BulkPayer: not paid");
        }
    }
}
