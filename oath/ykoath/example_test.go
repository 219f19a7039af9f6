package ykoath_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// From a card to its codes. The card is that of a reader, as pcsc.Service.Open or
// keys.Finder.One has it; or, as here, a virtual key, with nothing plugged in.
func Example() {
	card, err := virtualkey.New(virtualkey.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer card.Close()
	session, err := ykoath.Select(card, rand.Reader)
	if err != nil {
		log.Fatal(err) // ykoath.ErrNoApplet, if the card is no such key
	}

	secret, err := oath.ParseSecret("gezd gnbv gy3t qojq gezd gnbv gy3t qojq")
	if err != nil {
		log.Fatal(err)
	}
	defer secret.Clear()
	account := oath.Account{Issuer: "GitHub", Name: "alice"}.WithDefaults()
	if err := session.Put(account, secret); err != nil {
		log.Fatal(err)
	}

	now := time.Unix(59, 0) // time.Now() in a program
	entries, err := session.Codes(now)
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range entries {
		if e.Code.IsZero() { // it needs a touch, say: ask for it separately
			if e.Code, err = session.Code(e.Account, now); err != nil {
				log.Fatal(err)
			}
		}
		fmt.Println(e.Account.Label(), e.Code.Value, "for", e.Code.Remaining(now))
	}
	// Output: GitHub:alice 287082 for 1s
}

// A password protects the codes from whoever finds the key. It is never sent: the key
// and the session prove to each other that they know it.
func ExampleSession_Unlock() {
	card, err := virtualkey.New(virtualkey.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer card.Close()
	session, err := ykoath.Select(card, rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	key, err := ykoath.DeriveAccessKey(oath.NormalPassword("correct horse"), session.Salt())
	if err != nil {
		log.Fatal(err)
	}
	if err := session.SetPassword(key); err != nil {
		log.Fatal(err)
	}

	// Another program, or the same one on another day.
	session, err = ykoath.Select(card, rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	_, err = session.List()
	fmt.Println("locked:", session.Locked(), errors.Is(err, oath.ErrLocked))
	for _, password := range []string{"battery staple", "correct horse"} {
		key, err := ykoath.DeriveAccessKey(password, session.Salt())
		if err != nil {
			log.Fatal(err)
		}
		switch err := session.Unlock(key); {
		case errors.Is(err, oath.ErrWrongPassword):
			fmt.Println("wrong password")
		case err != nil:
			log.Fatal(err) // ykoath.ErrUnproven: the key is not the one it seems
		}
	}
	accounts, err := session.List()
	fmt.Println("locked:", session.Locked(), len(accounts), err)
	// Output:
	// locked: true true
	// wrong password
	// locked: false 0 <nil>
}

// An account whose codes take a touch, and what can keep it off a key. While the key
// waits, the program can show that, and give up.
func ExampleSession_Put() {
	card, err := virtualkey.New(virtualkey.Config{Touch: virtualkey.TouchNever}) // nobody is there, but see below
	if err != nil {
		log.Fatal(err)
	}
	defer card.Close()
	session, err := ykoath.Select(card, rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	secret, err := oath.NewSecret([]byte("12345678901234567890"))
	if err != nil {
		log.Fatal(err)
	}
	account := oath.Account{Issuer: "Bank", Name: "alice", Touch: true}.WithDefaults()
	for range 2 {
		switch err := session.Put(account, secret); {
		case err == nil:
			fmt.Println("stored")
		case errors.Is(err, oath.ErrExists):
			fmt.Println("there is one of that name; Replace stores over it")
		case errors.Is(err, oath.ErrNoSpace):
			fmt.Println("the key is full; Delete makes room")
		case errors.Is(err, oath.ErrUnsupported):
			fmt.Println("the key is too old for touch, or for this hash")
		case errors.Is(err, oath.ErrUnsure):
			fmt.Println("the key went away meanwhile; List shows whether it is there")
		default:
			fmt.Println(err) // oath.ErrInvalid, a *ykoath.NameTooLongError, oath.ErrLocked
		}
	}

	session.Touch = func() (done func()) {
		fmt.Println("touch the key")
		go card.Touch(context.Background()) // a finger; of a real key, it is somebody's
		return func() { fmt.Println("thank you") }
	}
	code, err := session.Code(account, time.Unix(59, 0))
	fmt.Println(code.Value, err)

	ctx, cancel := context.WithCancel(context.Background())
	session.Context = ctx
	session.Touch = func() (done func()) {
		cancel() // a button that says so
		return nil
	}
	_, err = session.Code(account, time.Unix(59, 0)) // oath.ErrTouchTimeout, had nobody pressed it
	fmt.Println(err)
	// Output:
	// stored
	// there is one of that name; Replace stores over it
	// touch the key
	// thank you
	// 287082 <nil>
	// CALCULATE: context canceled
}
