// Package commands is left out: the local environment builds images without docker buildx.
package commands

import (
	"errors"

	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
)

var errLeftOut = errors.New(
	"this docker-build provider was built without image indexes; install the official one")

func NewRootCmd(name string, _ bool, _ *command.DockerCli) *cobra.Command {
	return &cobra.Command{
		Use:                name,
		DisableFlagParsing: true,
		SilenceUsage:       true,
		RunE:               func(*cobra.Command, []string) error { return errLeftOut },
	}
}
