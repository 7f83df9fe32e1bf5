// Package ginSwagger is left out: nobody opens the page that documents process-compose's API.
package ginSwagger

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

func WrapHandler(struct{}) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.String(http.StatusNotFound, "This process-compose was built without the page of its API.")
	}
}
