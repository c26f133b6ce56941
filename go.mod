module ring0

go 1.26.0

require (
	github.com/stretchr/testify v1.12.0
	golang.org/x/arch v0.32.0
)

require gopkg.in/yaml.v3 v3.0.1 // indirect
