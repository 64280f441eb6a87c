#!/bin/sh
#SBATCH --job-name=fleet
#SBATCH --array=0-7%4
#SBATCH --output=slurm-%a.log
#SBATCH --requeue

# Eight parts of a folder that all nodes mount, four at a time: sbatch slurm.sh
export OFFLINEJOIN_VAR_share="nfs.example.com:/fleet"
exec sh part.sh "$SLURM_ARRAY_TASK_ID" "$SLURM_ARRAY_TASK_COUNT"
