offlinejoin plan   fleet.join.hcl          # everything is checked, nothing is written
offlinejoin apply  fleet.join.hcl --yes
offlinejoin status fleet.join.hcl
