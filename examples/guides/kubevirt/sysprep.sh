offlinejoin blob answer-file secrets/web01.djoin --output - |
  kubectl -n windows create secret generic web01-sysprep --from-file=unattend.xml=/dev/stdin
kubectl -n windows patch virtualmachine web01 --type=json --patch-file=sysprep.yaml
virtctl -n windows start web01
