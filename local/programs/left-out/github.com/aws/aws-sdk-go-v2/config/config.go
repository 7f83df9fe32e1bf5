// Package config is left out: it finds the credentials for the cache s3, which buildkitd lacks.
package config

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func LoadDefaultConfig(context.Context) (aws.Config, error) {
	return aws.Config{}, errors.New("this docker-build provider was built without the cache s3")
}
