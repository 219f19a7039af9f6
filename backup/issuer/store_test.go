package issuer_test

import (
	"testing"

	"github.com/tokenctl/tokenctl/backup/issuer"
	"github.com/tokenctl/tokenctl/backup/issuer/issuertest"
)

func TestStores(t *testing.T) {
	for name, open := range issuer.Openers {
		t.Run(name, func(t *testing.T) { issuertest.Run(t, open) })
	}
}
