#!/bin/sh
# Makes the namespace and the search attributes that Patchtide's workflows carry; running it again does no harm.
set -eu
until temporal operator cluster health; do sleep 2; done
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 90d
there=$(temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE")
for attribute in PatchPlan PatchStage PatchPhase AwsAccountId AwsRegion; do
  case $there in *"$attribute"*) continue ;; esac
  temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$attribute" --type Keyword
done
