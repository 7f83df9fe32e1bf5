// Package swaggerFiles serves no files: nobody opens the page that documents
// process-compose's API, and its embedded files are 34 MB of source.
package swaggerFiles

var Handler struct{}
