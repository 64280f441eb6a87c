seq 0 7 | parallel --jobs 4 --joblog parallel.log sh part.sh {} 8
