// Package redis is left out: the local registry keeps its cache in memory.
package redis

import (
	"context"
	"crypto/tls"
	"time"
)

const LeftOut = "this registry was built without Redis; remove `redis` from its configuration"

type UniversalOptions struct {
	Addrs                                                  []string
	ClientName, IdentitySuffix, MasterName                 string
	Username, Password, SentinelUsername, SentinelPassword string
	DB, MaxRedirects, MaxRetries, Protocol                 int
	MaxActiveConns, MaxIdleConns, MinIdleConns, PoolSize   int
	ConnMaxIdleTime, ConnMaxLifetime, DialTimeout          time.Duration
	MaxRetryBackoff, MinRetryBackoff                       time.Duration
	PoolTimeout, ReadTimeout, WriteTimeout                 time.Duration
	ContextTimeoutEnabled, DisableIdentity, PoolFIFO       bool
	ReadOnly, RouteByLatency, RouteRandomly, UnstableResp3 bool
	OnConnect                                              func(context.Context, *Conn) error
	TLSConfig                                              *tls.Config
}

type UniversalClient interface{ PoolStats() PoolStats }

type PoolStats struct{ TotalConns, IdleConns uint32 }

type Conn struct{}

type Status struct{}

func (*Conn) Ping(context.Context) Status { panic(LeftOut) }

func (Status) Err() error { panic(LeftOut) }

func NewUniversalClient(*UniversalOptions) UniversalClient { panic(LeftOut) }
