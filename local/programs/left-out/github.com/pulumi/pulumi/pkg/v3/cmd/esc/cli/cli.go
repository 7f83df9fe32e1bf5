// Package cli is left out: Pulumi ESC is a service of Pulumi Cloud.
package cli

import (
	"errors"

	"github.com/pulumi/pulumi/pkg/v3/auth/credentialhelper"
	"github.com/pulumi/pulumi/pkg/v3/backend/httpstate"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/esc"
	"github.com/spf13/cobra"
)

var errLeftOut = errors.New("this Pulumi CLI was built without Pulumi ESC; install the official one")

type Options struct {
	ParentPath        string
	UserAgent         string
	Colors            colors.Colorization
	Login             httpstate.LoginManager
	CredentialHelpers *credentialhelper.Session
}

func New(*Options) *cobra.Command {
	esc := &cobra.Command{Use: "esc"}
	esc.AddCommand(&cobra.Command{
		Use:   "env",
		Short: "Not in this build: Pulumi ESC",
		RunE:  func(*cobra.Command, []string) error { return errLeftOut },
	})
	return esc
}

type PrepareOptions struct {
	Quote   bool
	Pretend bool
	Redact  bool
}

func PrepareEnvironment(
	*esc.Environment, *PrepareOptions,
) (files, environ, secrets []string, filesByKey map[string]string, err error) {
	return nil, nil, nil, nil, errLeftOut
}
