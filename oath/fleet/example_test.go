package fleet_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// One account goes on two keys, each of which shows that it computes the right code; then
// the code comes from whichever key has it. The second key holds an account more.
func Example() {
	open := func(serial uint32) func() (oath.Token, error) {
		return func() (oath.Token, error) { // of a key in a reader, keys.Finder has it
			card, err := virtualkey.New(virtualkey.Config{Serial: serial})
			if err != nil {
				return nil, err
			}
			return ykoath.Select(card, nil)
		}
	}
	all := fleet.Fleet{{Name: "key:1", Open: open(1)}, {Name: "key:2", Open: open(2)}}
	secret, err := oath.NewSecret([]byte("12345678901234567890"))
	if err != nil {
		log.Fatal(err)
	}
	now := fleet.At(time.Unix(59, 0)) // time.Now in a program
	enroll := func(name string, on ...*fleet.Member) {
		account := oath.Account{Issuer: "GitHub", Name: name}.WithDefaults()
		result := &fleet.Result{Enrollment: fleet.Enrollment{Account: account, Secret: secret, Now: now}}
		fleet.Enroll(context.Background(), []*fleet.Result{result}, on, nil)
		if err := result.Err(); err != nil {
			fmt.Println(err)
		}
		for _, o := range result.Outcomes {
			fmt.Println(account.Label(), "on", o.Member.Name, o.State == fleet.Checked)
		}
	}
	enroll("alice", all...)
	enroll("bob", all[1])

	held, err := all.Find("bob", now)
	if err != nil {
		log.Fatal(err) // oath.ErrNotFound, an *oath.AmbiguousError, fleet.ErrDiffer
	}
	code, by, err := held.ComputeCode(now)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(code.Value, "by", by.Name)
	// Output:
	// GitHub:alice on key:1 true
	// GitHub:alice on key:2 true
	// GitHub:bob on key:2 true
	// 287082 by key:2
}
