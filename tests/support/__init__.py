"""What tests need to run against: nodes, servers, worlds, deployments."""
