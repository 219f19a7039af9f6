package keys_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/tokenctl/tokenctl/oath/keys"
)

// The accounts on the one key that is plugged in; or the keys to choose from.
func Example() {
	finder, err := keys.Connect(context.Background(), rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer finder.Close()
	key, err := finder.One(keys.Choice{})
	if errors.Is(err, keys.ErrSeveral) {
		fmt.Println("choose one:", err)
		return
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	defer key.Close()
	if key.Locked() {
		fmt.Println(key.Name(), "has a password")
		return
	}
	accounts, err := key.List()
	fmt.Println(key.Name(), accounts, err)
}
