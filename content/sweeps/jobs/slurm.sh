#!/bin/sh
# A sweep in 20 parts as a Slurm array job. Afterwards: quorate merge parts/*.part --out sweep.parquet
#
#   sbatch slurm.sh mine.yaml
#SBATCH --array=1-20
#SBATCH --cpus-per-task=4
#SBATCH --requeue
set -eu
mkdir -p parts
quorate sweep "$1" --threads "$SLURM_CPUS_PER_TASK" --shard "$SLURM_ARRAY_TASK_ID/20" --out "parts/$SLURM_ARRAY_TASK_ID.part"
