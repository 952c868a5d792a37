"""What deploy/k8s says: rendered, validated, and held against the shop's own rules."""
