terraform init -input=false
terraform workspace select -or-create "$(hostname -s)"
terraform apply -input=false -auto-approve
