"""The runner behind make up, and the simulators of the outside services."""
