package virtualkey_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// What a program does when the key is pulled out or not touched is tested in process,
// without a wait: the key goes by a clock that is always ahead.
func Example() {
	key, err := virtualkey.New(virtualkey.Config{
		Firmware: virtualkey.Version{5, 4, 3},
		Touch:    virtualkey.TouchNever,
		After: func(time.Duration) <-chan time.Time {
			passed := make(chan time.Time)
			close(passed)
			return passed
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer key.Close()
	session, err := ykoath.Select(key, rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	secret, err := oath.NewSecret([]byte("12345678901234567890"))
	if err != nil {
		log.Fatal(err)
	}
	account := oath.Account{Name: "alice", Touch: true}.WithDefaults()
	if err := session.Put(account, secret); err != nil {
		log.Fatal(err)
	}
	now := time.Unix(59, 0)

	_, err = session.Code(account, now)
	fmt.Println("untouched:", errors.Is(err, oath.ErrTouchTimeout))

	key.Pull()
	_, err = session.Code(account, now)
	fmt.Println("pulled:", errors.Is(err, oath.ErrRemoved))

	key.Plug()
	session, err = ykoath.Select(key, rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	key.SetFaults(virtualkey.Fault{INS: 0x02, Kind: virtualkey.FaultPullAfter}) // YKOATH, "DELETE"
	err = session.Delete(account.ID())
	fmt.Println("pulled when it was deleted:", errors.Is(err, oath.ErrRemoved), errors.Is(err, oath.ErrUnsure))
	// Output:
	// untouched: true
	// pulled: true
	// pulled when it was deleted: true true
}
