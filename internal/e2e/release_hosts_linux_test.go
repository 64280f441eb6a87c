package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// hosts is a stand-in for the hosts that a release is downloaded from. Programs that run with its environment reach them through
// a proxy, whatever they ask for, and trust its own authority. Nothing leaves the machine.
type hosts struct {
	env []string // settings of the environment

	mu    sync.Mutex
	asked []string // "HOST PATH", in the order that it came
}

const (
	githubAPI     = "api.github.com"
	github        = "github.com"
	registry      = "registry.terraform.io"
	tofuRegistry  = "registry.opentofu.org"
	pagesHost     = "offlinejoin.github.io"
	rawFiles      = "raw.githubusercontent.com"
	networkMirror = "mirror.example.com"
)

// host makes hosts for a release, and of mirror, a folder that `terraform providers mirror` fills.
func (r *signedRelease) host(t *testing.T, mirror string) *hosts {
	t.Helper()
	h := &hosts{}
	authority := newAuthority(t)
	proxy := httptest.NewServer(&tunnel{to: authority.serve(t, h.answer(r, mirror))})
	t.Cleanup(proxy.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.cert.Raw}), 0o600))
	h.env = []string{
		"HTTPS_PROXY=" + proxy.URL, "https_proxy=" + proxy.URL, "HTTP_PROXY=" + proxy.URL, "NO_PROXY=", "no_proxy=",
		"SSL_CERT_FILE=" + ca, "CURL_CA_BUNDLE=" + ca, "GIT_SSL_CAINFO=" + ca, "CHECKPOINT_DISABLE=1",
	}
	return h
}

// answer is what all hosts say: files of the release, below the addresses that the real hosts have them at.
func (h *hosts) answer(r *signedRelease, mirror string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		h.mu.Lock()
		h.asked = append(h.asked, q.Host+" "+q.URL.Path)
		h.mu.Unlock()
		switch name := q.URL.Path; q.Host {
		case githubAPI:
			if name != "/repos/offlinejoin/packer-plugin-offlinejoin/git/matching-refs/tags" {
				http.NotFound(w, q)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `[{"ref":"refs/tags/v%s","object":{"type":"tag"}}]`, r.version)
		case rawFiles:
			if name != "/offlinejoin/offlinejoin/v"+r.version+"/internal/release/release-key.asc" {
				http.NotFound(w, q)
				return
			}
			http.ServeFile(w, q, filepath.Join(r.dir, "release-key.asc"))
		case github:
			r.download(w, q)
		case registry, tofuRegistry:
			// The answers are those of the static registry, but the files come from the repository that the registry reads.
			text, err := os.ReadFile(filepath.Join(r.dir, "pages", filepath.FromSlash(path.Clean("/"+name))))
			if err != nil {
				http.NotFound(w, q)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, strings.ReplaceAll(string(text), "/offlinejoin/offlinejoin/releases/",
				"/offlinejoin/terraform-provider-offlinejoin/releases/"))
		case pagesHost:
			kind := "application/octet-stream" // what GitHub's pages say of files without an ending
			if strings.HasSuffix(name, ".json") {
				kind = "application/json; charset=utf-8"
			}
			w.Header().Set("Content-Type", kind)
			http.ServeFile(w, q, filepath.Join(r.dir, "pages", filepath.FromSlash(path.Clean("/"+name))))
		case networkMirror:
			if strings.HasSuffix(name, ".json") {
				w.Header().Set("Content-Type", "application/json")
			}
			http.ServeFile(w, q, filepath.Join(mirror, filepath.FromSlash(path.Clean("/"+name))))
		default:
			http.NotFound(w, q)
		}
	})
}

// download answers for files of releases, as the release workflow uploads them: those of a plugin's repository, and all of them in
// the repository of the source.
func (r *signedRelease) download(w http.ResponseWriter, q *http.Request) {
	rest, ok := strings.CutPrefix(q.URL.Path, "/offlinejoin/")
	repository, rest, _ := strings.Cut(rest, "/")
	name, found := strings.CutPrefix(rest, "releases/download/v"+r.version+"/")
	if !ok || !found || strings.Contains(name, "/") {
		http.NotFound(w, q)
		return
	}
	folders := []string{repository}
	if repository == "offlinejoin" {
		folders = products
	}
	for _, folder := range folders {
		file := filepath.Join(r.dir, folder, name)
		if _, err := os.Stat(file); err == nil {
			http.ServeFile(w, q, file)
			return
		}
	}
	http.NotFound(w, q)
}

// wasAsked reports whether a host was asked for a path with such an end.
func (h *hosts) wasAsked(host, end string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range h.asked {
		if strings.HasPrefix(one, host+" ") && strings.HasSuffix(one, end) {
			return true
		}
	}
	return false
}

// tunnel is a proxy that leads every connection to one address.
type tunnel struct{ to string }

func (p *tunnel) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if q.Method != http.MethodConnect {
		http.Error(w, "only HTTPS", http.StatusBadRequest)
		return
	}
	inner, err := net.Dial("tcp", p.to)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer func() { _ = inner.Close() }() // nothing is written any more
	outer, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = outer.Close() }() // nothing is written any more
	if _, err := io.WriteString(outer, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(inner, buffered) // ends with the connection
		_ = inner.Close()
	}()
	_, _ = io.Copy(outer, inner) // ends with the connection
}

// authority makes certificates for whoever is asked for.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of a test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return &authority{cert, key}
}

// serve listens for connections to any host, and returns the address.
func (a *authority) serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{NextProtos: []string{"http/1.1"}, GetCertificate: a.certificate})
	must(t, err)
	server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)} // clients that go away are no news
	go func() { _ = server.Serve(listener) }()                                     // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

func (a *authority) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: hello.ServerName}, DNSNames: []string{hello.ServerName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
