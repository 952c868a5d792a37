#!/bin/sh
# Brings a cluster to what an overlay says, and waits until it is there: deploy/k8s/apply.sh production
# kubectl's current context decides which cluster. Migrations run first; new processes wait for their schema by themselves.
set -eu
overlay=${1:?"usage: deploy/k8s/apply.sh OVERLAY, one of: $(ls "$(dirname "$0")/overlays" | tr '\n' ' ')"}
folder=$(dirname "$0")/overlays/$overlay
namespace=${NAMESPACE:-shopsite}

# A finished Job cannot be changed; deleting it changes nothing else.
kubectl delete job --namespace "$namespace" --selector app.kubernetes.io/component=migrate --ignore-not-found
kubectl apply -k "$folder"
kubectl wait --namespace "$namespace" --for=condition=complete job --selector app.kubernetes.io/component=migrate --timeout=30m
kubectl rollout status --namespace "$namespace" deployment --selector app.kubernetes.io/part-of=shopsite --timeout=15m
