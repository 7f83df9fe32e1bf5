// Package hashivault is left out of the local Pulumi CLI.
package hashivault
