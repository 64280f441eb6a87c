kubectl apply -f vm.yaml
kubectl -n windows wait --for=condition=Ready --timeout=30m datavolume/web01
kubectl -n windows create secret generic web01-blob --from-file=secrets/web01.djoin
kubectl apply -f job.yaml
kubectl -n windows wait --for=condition=Complete --timeout=10m job/join-web01
kubectl -n windows delete secret/web01-blob job/join-web01
virtctl -n windows start web01
