package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"strings"
)

// If the build says that assets/vendor/hds.css is missing: run make assets.
//
//go:embed assets/icon.svg assets/site.css assets/live.js assets/vendor/hds.css
var assets embed.FS

// assetServer serves styles and scripts. Their addresses change with their
// content (see asset), so browsers may keep them.
func assetServer() http.Handler {
	files := http.FileServerFS(assets)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") {
			http.NotFound(w, r)
			return
		}
		if r.URL.RawQuery != "" {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		files.ServeHTTP(w, r)
	})
}

// asset gives the address of an asset with a mark of its content.
func asset(name string) (string, error) {
	b, err := fs.ReadFile(assets, "assets/"+name)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return "/assets/" + name + "?" + hex.EncodeToString(sum[:6]), nil
}
