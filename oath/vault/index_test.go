package vault_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"filippo.io/age"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// fillWith writes accounts by age alone, so many an issuer.
func fillWith(t testing.TB, v *vault.Vault, accounts, issuers int) {
	t.Helper()
	to, err := age.ParseRecipients(bytes.NewReader([]byte(v.Known().Recipients)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range accounts {
		writeAccount(t, v, oath.ID(fmt.Sprintf("Issuer%d:user%d@example.com", i%issuers, i)), to)
	}
}

func writeAccount(t testing.TB, v *vault.Vault, id oath.ID, to []age.Recipient) {
	t.Helper()
	a := account(id)
	uri := fmt.Sprintf("otpauth://totp/%s?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&period=%d", a.Label(), a.Period)
	writeFile(t, v, vault.Path(id), encrypt(t, uri, to...))
}

func expectFound(t testing.TB, v *vault.Vault, query string, want ...oath.ID) {
	t.Helper()
	accounts, err := v.Find(query)
	var got []oath.ID
	for _, a := range accounts {
		got = append(got, a.ID())
	}
	if !slices.Equal(got, want) {
		t.Errorf("Find(%q) = %q, %v, want %q", query, got, err, want)
	}
}

// TestIndex finds accounts among many by their names, while they come and go.
func TestIndex(t *testing.T) {
	t.Parallel()
	v := create(t)
	fillWith(t, v, 1000, 10)
	to, err := age.ParseRecipients(bytes.NewReader([]byte(v.Known().Recipients)))
	if err != nil {
		t.Fatal(err)
	}
	index := filepath.Join(v.Dir(), ".names")
	expectIndex := func(want bool) {
		t.Helper()
		if _, err := os.Stat(index); (err == nil) != want {
			t.Errorf("the index is there: %v", err == nil)
		}
	}
	const name = "user123@example.com"
	expectFound(t, v, name, "Issuer3:"+name)
	expectIndex(true)
	for range 2 {
		expectFound(t, v, name, "Issuer3:"+name)
		expectFound(t, v, "user12@", "Issuer2:user12@example.com")
		expectFound(t, v, "nobody")
	}

	put(t, v, "Other:"+name, "60/Slow:"+name) // through the vault
	expectFound(t, v, name, "60/Slow:"+name, "Issuer3:"+name, "Other:"+name)
	expectIndex(true)
	expectFound(t, v, "Slow:"+name, "60/Slow:"+name)
	if err := v.Rename("Other:"+name, "Other:renamed"); err != nil {
		t.Fatal(err)
	}
	expectFound(t, v, "renamed", "Other:renamed")
	expectFound(t, v, name, "60/Slow:"+name, "Issuer3:"+name)
	if err := v.Delete("60/Slow:" + name); err != nil {
		t.Fatal(err)
	}
	expectFound(t, v, name, "Issuer3:"+name)

	writeAccount(t, v, "Fresh:"+name, to) // a new issuer, from elsewhere
	expectFound(t, v, name, "Fresh:"+name, "Issuer3:"+name)
	if err := os.Remove(filepath.Join(v.Dir(), "accounts/Fresh", name+".age")); err != nil {
		t.Fatal(err)
	}
	expectFound(t, v, name, "Issuer3:"+name)

	writeAccount(t, v, "Issuer4:"+name, to) // beside others, from elsewhere
	expectFound(t, v, "Issuer4:"+name, "Issuer4:"+name)
	ids(t, v)
	expectFound(t, v, name, "Issuer3:"+name, "Issuer4:"+name)

	content, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	for what, bad := range map[string][]byte{
		"empty": nil, "cut": content[:len(content)/2], "altered": bytes.Replace(content, []byte("Issuer3/"), []byte("Issuer5/"), 1),
		"no lines": content[:bytes.IndexByte(content, '\n')+1], "garbage": []byte("\n\n%\n"),
	} {
		if err := os.WriteFile(index, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Log(what)
		expectFound(t, v, name, "Issuer3:"+name, "Issuer4:"+name)
	}
}

func TestNoIndex(t *testing.T) {
	v := create(t)
	put(t, v, "GitHub:alice")
	expectFound(t, v, "alice", "GitHub:alice")
	if _, err := os.Stat(filepath.Join(v.Dir(), ".names")); err == nil {
		t.Error("there is an index of one account")
	}
}
