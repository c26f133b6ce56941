module ring0

go 1.26
