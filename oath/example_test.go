package oath_test

import (
	"fmt"
	"log"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// The vector of RFC 6238, appendix B, for SHA-1 and 59 seconds after the epoch.
func ExampleCompute() {
	secret, err := oath.NewSecret([]byte("12345678901234567890"))
	if err != nil {
		log.Fatal(err)
	}
	defer secret.Clear()
	account := oath.Account{Name: "alice", Digits: 8}.WithDefaults() // TOTP, SHA-1, 30 seconds
	now := time.Unix(59, 0)
	code, err := oath.Compute(account, secret, now)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(code.Value, "for", code.Remaining(now))
	// Output: 94287082 for 1s
}

// A person's word for an account finds it, or those to choose from.
func ExampleMatchOne() {
	accounts := []oath.Account{{Issuer: "GitHub", Name: "alice"}, {Issuer: "GitHub", Name: "bob"}, {Issuer: "GitLab", Name: "alice"}}
	for _, query := range []string{"BOB", "github", "gitlab", "carol"} {
		account, err := oath.MatchOne(accounts, query)
		fmt.Println(account.Label(), err)
	}
	// Output:
	// GitHub:bob <nil>
	//  several accounts match
	// GitLab:alice <nil>
	//  no such account
}
