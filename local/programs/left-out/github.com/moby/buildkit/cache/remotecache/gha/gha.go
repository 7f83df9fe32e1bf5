// Package gha is left out: the local builder keeps its cache on disk.
package gha

import (
	"context"
	"errors"

	"github.com/moby/buildkit/cache/remotecache"
	"github.com/moby/buildkit/cache/remotecache/gha/ghatypes"
	"github.com/moby/buildkit/session"
	policy "github.com/moby/policy-helpers"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

var errLeftOut = errors.New("this buildkitd was built without the cache gha")

type VerifierProvider func() (*policy.Verifier, error)

func ResolveCacheExporterFunc(*ghatypes.CacheConfig, VerifierProvider) remotecache.ResolveCacheExporterFunc {
	return func(context.Context, session.Group, map[string]string) (remotecache.Exporter, error) {
		return nil, errLeftOut
	}
}

func ResolveCacheImporterFunc(*ghatypes.CacheConfig, VerifierProvider) remotecache.ResolveCacheImporterFunc {
	return func(
		context.Context, session.Group, map[string]string,
	) (remotecache.Importer, ocispecs.Descriptor, error) {
		return nil, ocispecs.Descriptor{}, errLeftOut
	}
}
