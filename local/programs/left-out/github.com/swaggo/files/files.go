// Package swaggerFiles serves no files: nobody opens the page that documents
// process-compose's API, and its embedded files are 34 MB of source.
package swaggerFiles

import "golang.org/x/net/webdav"

var Handler = &webdav.Handler{FileSystem: webdav.NewMemFS(), LockSystem: webdav.NewMemLS()}
