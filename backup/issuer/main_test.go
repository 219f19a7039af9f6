//go:build linux

package issuer

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	beChild()
	status := m.Run()
	stopPostgres()
	os.Exit(status)
}
