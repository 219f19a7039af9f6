package keys_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/keys"
)

// The codes of the one key that is plugged in, or the keys to choose from.
func Example() {
	finder, err := keys.Connect(context.Background(), nil)
	if err != nil {
		log.Fatal(err) // pcsc.ErrNoService
	}
	defer finder.Close()
	key, err := finder.One(keys.Choice{})
	switch {
	case errors.Is(err, keys.ErrSeveral):
		log.Fatal("choose one: ", err)
	case err != nil:
		log.Fatal(err) // pcsc.ErrNoReader, pcsc.ErrNoCard, ykoath.ErrNoApplet
	}
	defer key.Close()
	now := time.Now()
	entries, err := key.Codes(now)
	if errors.Is(err, oath.ErrLocked) {
		log.Fatal("it has a password: see ykoath.Session.Unlock")
	} else if err != nil {
		log.Fatal(err)
	}
	for _, e := range entries {
		fmt.Println(e.Account.Label(), e.Code.Value, "for", e.Code.Remaining(now))
	}
}
