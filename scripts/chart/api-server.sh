#!/usr/bin/env bash
# Once per release: holds the chart against a real API server of Kubernetes, with restricted pod security enforced.
# usage: scripts/chart/api-server.sh [PATH/TO/kube-apiserver]
# Needs helm, kubectl, openssl, etcd (apt-get install etcd-server) and, where no API server is given, Go: it is built into
# .cache/tools once, which takes some minutes. No pod starts: there is neither a scheduler nor a controller.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly CHART=charts/outbox-relay KUBERNETES=1.36.3 NAMESPACE=orders
readonly TOOLS=$PWD/.cache/tools
readonly PORT=${API_PORT:-26443} ETCD_PORT=${ETCD_PORT:-23790}
PATH=$PATH:$TOOLS:$HOME/go/bin
work=$(mktemp -d)
export KUBECONFIG=$work/kubeconfig
pids=() findings=0

finish() {
  # All at once and for good: an API server that is told to end waits for its etcd, and the data is thrown away.
  [ "${#pids[@]}" -eq 0 ] || kill -KILL "${pids[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

fail() { echo "FAILED $*"; findings=$((findings + 1)); }

build_server() {
  local folder=$work/build source module
  mkdir -p "$folder" "$TOOLS"
  cd "$folder"
  go mod init apiserver.local/build
  printf 'package tools\n\nimport _ "k8s.io/kubernetes/cmd/kube-apiserver"\n' >tools.go
  sed -i '1i //go:build tools\n' tools.go
  source=$(go mod download -json "k8s.io/kubernetes@v$KUBERNETES" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  go mod edit -require "k8s.io/kubernetes@v$KUBERNETES"
  # Its parts are modules of their own, under the same number with another first digit.
  for module in $(grep -oE '^\s*k8s.io/[a-z-]+ => ./staging' "$source/go.mod" | awk '{print $1}'); do
    go mod edit -replace "$module=$module@v0${KUBERNETES#1}"
  done
  go mod tidy -e
  CGO_ENABLED=0 go build -ldflags "-X k8s.io/component-base/version.gitVersion=v$KUBERNETES" \
    -o "$TOOLS/kube-apiserver" k8s.io/kubernetes/cmd/kube-apiserver
  cd - >/dev/null
}

start_server() {
  local server=$1 token
  token=$(openssl rand -hex 16)
  openssl genrsa -out "$work/sa.key" 2048 2>/dev/null
  openssl rsa -in "$work/sa.key" -pubout -out "$work/sa.pub" 2>/dev/null
  echo "$token,admin,admin,system:masters" >"$work/tokens.csv"
  etcd --data-dir "$work/etcd" --listen-client-urls "http://127.0.0.1:$ETCD_PORT" --advertise-client-urls "http://127.0.0.1:$ETCD_PORT" \
    --listen-peer-urls http://127.0.0.1:0 >"$work/etcd.log" 2>&1 &
  pids+=($!)
  "$server" --etcd-servers="http://127.0.0.1:$ETCD_PORT" --secure-port="$PORT" --bind-address=127.0.0.1 --cert-dir="$work/certs" \
    --service-cluster-ip-range=10.0.0.0/24 --service-account-issuer=https://local --service-account-key-file="$work/sa.pub" \
    --service-account-signing-key-file="$work/sa.key" --token-auth-file="$work/tokens.csv" --authorization-mode=RBAC \
    --disable-admission-plugins=ServiceAccount --allow-privileged=true >"$work/api.log" 2>&1 &
  pids+=($!)
  kubectl config set-cluster local --server="https://127.0.0.1:$PORT" --insecure-skip-tls-verify=true >/dev/null
  kubectl config set-credentials admin --token="$token" >/dev/null
  kubectl config set-context local --cluster=local --user=admin >/dev/null
  kubectl config use-context local >/dev/null
  for _ in $(seq 150); do
    [ "$(kubectl get --raw /readyz 2>/dev/null)" = ok ] && return
    kill -0 "${pids[-1]}" 2>/dev/null || break
    sleep 0.2
  done
  echo "the API server did not start:"; tail -n 5 "$work/api.log" "$work/etcd.log"; exit 1
}

# A namespace that refuses what restricted pod security refuses, and one for objects of the monitoring.
namespaces() {
  kubectl create namespace monitoring >/dev/null
  kubectl create namespace "$NAMESPACE" >/dev/null
  kubectl label namespace "$NAMESPACE" pod-security.kubernetes.io/{enforce,warn}=restricted >/dev/null
  # Named by ci/everything-values.yaml.
  kubectl create priorityclass high --value=1000 >/dev/null
  printf 'apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: gvisor}\nhandler: runsc\n' | kubectl apply --filename - >/dev/null
}

# The kinds that operators bring are not known here; test/chart holds them against schemas of their own.
render() { helm template dry "$CHART" --namespace "$NAMESPACE" --kube-version "$KUBERNETES" --values "$1"; }
known() {
  awk 'BEGIN { RS = "---\n"; ORS = "---\n" } !/kind: (ServiceMonitor|PodMonitor|PrometheusRule|GrafanaDashboard)/'
}

check_renders() {
  local values answer
  for values in "$CHART"/ci/*-values.yaml; do
    answer=$(render "$values" | known | kubectl apply --dry-run=server --filename - 2>&1) || fail "$values"
    if grep -iqE 'warning|error' <<<"$answer"; then fail "$values"; echo "$answer"; fi
    echo "ok     $(wc -l <<<"$answer") objects of $(basename "$values")"
  done
}

# A hook would wait for a Job that nothing runs, so this release has another mode.
check_release() {
  local values=(--namespace "$NAMESPACE" --values "$CHART/ci/default-values.yaml")
  helm install shop "$CHART" "${values[@]}" --dry-run=server >/dev/null && echo "ok     install --dry-run=server" || fail "install --dry-run=server"
  helm install shop "$CHART" "${values[@]}" --set migrations.mode=job >/dev/null && echo "ok     install" || fail install
  helm upgrade shop "$CHART" "${values[@]}" --set migrations.mode=job --set image.tag=next --set commonLabels.team=shop \
    --set replicaCount=3 >/dev/null && echo "ok     upgrade with another image, labels and size" || fail upgrade
  helm rollback shop 1 --namespace "$NAMESPACE" >/dev/null && echo "ok     rollback" || fail rollback
  kubectl --namespace "$NAMESPACE" get deployments,jobs,poddisruptionbudgets,services --output name
  helm uninstall shop --namespace "$NAMESPACE" >/dev/null && echo "ok     uninstall" || fail uninstall
}

# The server that lets everything pass would prove nothing.
check_checks() {
  local answer pod=test/chart/unrestricted-pod.yaml
  answer=$(kubectl --namespace "$NAMESPACE" apply --dry-run=server --filename "$pod" 2>&1) && fail "took an unrestricted pod"
  grep -q 'violates PodSecurity "restricted' <<<"$answer" && echo "ok     refuses an unrestricted pod" || fail "$answer"
  answer=$(render "$CHART/ci/default-values.yaml" | sed 's/containerPort: 9464/containerPort: 99999/' | kubectl apply --dry-run=server --filename - 2>&1) && fail "took port 99999"
  echo "ok     refuses port 99999"
}

server=${1:-$TOOLS/kube-apiserver}
[ -x "$server" ] || build_server
start_server "$server"
namespaces
check_checks
check_renders
check_release
echo "$findings findings"
[ "$findings" -eq 0 ]
