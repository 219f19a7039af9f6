package keys_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/tokenctl/tokenctl/oath/keys"
)

// The accounts on the one key that is plugged in, or the keys to choose from.
func Example() {
	finder, err := keys.Connect(context.Background(), rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer finder.Close()
	key, err := finder.One(keys.Choice{})
	switch {
	case errors.Is(err, keys.ErrSeveral):
		fmt.Println("choose one:", err)
	case err != nil:
		fmt.Println(err)
	default:
		defer key.Close()
		accounts, err := key.List() // oath.ErrLocked if it has a password
		fmt.Println(key.Name(), accounts, err)
	}
}
