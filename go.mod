module ring0

go 1.26

require (
	github.com/stretchr/testify v1.12.0
	gopkg.in/yaml.v3 v3.0.1 // indirect
)
