package strategicmemory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/grpc/credentials"
)

// TLSFiles encrypt the connections. They are read for every new connection, so that renewed ones need no restart.
type TLSFiles struct {
	// RootCertificates is a PEM file with the authorities that may vouch for the server. Empty: those of the system.
	RootCertificates string
	// CertificateChain and PrivateKey are PEM files: the certificate that this client shows, if asked, and its key.
	CertificateChain, PrivateKey string
	// ServerName is what the server's certificate must bear. Empty: the host of the address.
	ServerName string
}

// check names the file that cannot be used.
func (f *TLSFiles) check() error {
	if f == nil {
		return nil
	}
	if (f.CertificateChain == "") != (f.PrivateKey == "") {
		return errors.New("TLS.CertificateChain and TLS.PrivateKey go together: give both or neither")
	}
	_, err := f.read()
	return err
}

func (f *TLSFiles) read() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.ServerName}
	if f.RootCertificates != "" {
		pem, err := os.ReadFile(f.RootCertificates)
		if err != nil {
			return nil, fmt.Errorf("TLS.RootCertificates cannot be read: %w", withoutContent(err))
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("TLS.RootCertificates holds no certificate: %s", f.RootCertificates)
		}
	}
	if f.CertificateChain != "" {
		pair, err := tls.LoadX509KeyPair(f.CertificateChain, f.PrivateKey)
		if err != nil {
			return nil, fmt.Errorf("TLS.CertificateChain or TLS.PrivateKey cannot be used: %w", withoutContent(err))
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// withoutContent returns an error about a file that cannot be read. What is no path for sure is not told: it may be the
// key or the token itself.
func withoutContent(err error) error {
	var about *fs.PathError
	if !errors.As(err, &about) || !strings.ContainsRune(about.Path, '\n') &&
		(filepath.IsAbs(about.Path) || strings.HasPrefix(about.Path, ".")) {
		return err
	}
	return fmt.Errorf("a file of that name (give its path, not what is in it): %w", about.Err)
}

// rereadFiles are credentials that read the files for each handshake.
type rereadFiles struct {
	credentials.TransportCredentials
	files *TLSFiles
}

func (f *TLSFiles) credentials() credentials.TransportCredentials {
	return rereadFiles{credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.ServerName}), f}
}

// ClientHandshake encrypts a connection with what is in the files now.
func (r rereadFiles) ClientHandshake(
	ctx context.Context, authority string, raw net.Conn,
) (net.Conn, credentials.AuthInfo, error) {
	config, err := r.files.read()
	if err != nil {
		return nil, nil, fmt.Errorf("a TLS file cannot be read: %w", err)
	}
	return credentials.NewTLS(config).ClientHandshake(ctx, authority, raw)
}

// Clone returns credentials for another connection.
func (r rereadFiles) Clone() credentials.TransportCredentials {
	return rereadFiles{r.TransportCredentials.Clone(), r.files}
}
