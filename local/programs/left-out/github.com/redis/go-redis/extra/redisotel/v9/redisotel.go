// Package redisotel is left out with Redis.
package redisotel

func InstrumentMetrics(any) error { return nil }
