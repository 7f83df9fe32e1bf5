module herald/tools/pause

go 1.26.0
