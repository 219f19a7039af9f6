package vault_test

import (
	"path/filepath"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// quick makes scrypt cheap.
var quick = vault.Options{WorkFactor: 2}

const passphrase = "correct horse battery staple"

// create makes a vault with a passphrase, unlocked.
func create(t testing.TB) *vault.Vault {
	t.Helper()
	return createIn(t, filepath.Join(t.TempDir(), "vault"), quick)
}

func createIn(t testing.TB, dir string, o vault.Options) *vault.Vault {
	t.Helper()
	v, err := vault.Create(dir, identity(t), vault.Ways{Passphrase: passphrase}, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func identity(t testing.TB) string {
	t.Helper()
	key, err := vault.GenerateIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// reopen opens the folder anew, locked.
func reopen(t testing.TB, dir string, o vault.Options) *vault.Vault {
	t.Helper()
	v, err := vault.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func TestConformance(t *testing.T) {
	oathtest.Run(t, oathtest.Suite{
		New: func(t *testing.T) oath.Token { return create(t) },
		Reopen: func(t *testing.T, token oath.Token) oath.Token {
			v := reopen(t, token.(*vault.Vault).Dir(), quick)
			if err := v.UnlockWithPassphrase(passphrase); err != nil {
				t.Fatal(err)
			}
			return v
		},
		Touch: oathtest.TouchDropped,
	})
}
