// Package jaeger is left out: traces of builds go to collectors of OpenTelemetry.
package jaeger
