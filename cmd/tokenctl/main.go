// Tokenctl keeps two-factor accounts on a hardware key, and makes sure that their owner
// is never locked out.
//
// # Usage
//
//	tokenctl init                   begin: find the keys, make the vault
//	tokenctl enroll [SOURCE...]     put an account on every key and in the vault
//	tokenctl import FILE...         take over the accounts of another authenticator
//	tokenctl export [NAME...]       hand accounts on to another one
//	tokenctl code [QUERY]           show one code, or all
//	tokenctl list                   show the accounts, and where each one is
//	tokenctl rename QUERY NAME      give an account another name
//	tokenctl delete QUERY           remove an account
//	tokenctl compare [TOKEN...]     prove that tokens hold the same secrets
//	tokenctl sync                   bring keys up to date from the vault, or from paper
//	tokenctl keys                   show the keys that are plugged in
//	tokenctl keys forget SERIAL     miss a key no more that is lost or given away
//	tokenctl [status]               show where you stand, and what to do next
//	tokenctl doctor                 show what could lock you out, or keeps a key away
//	tokenctl vault ...              the vault: status, unlock, lock, ways in, git
//	tokenctl backup ...             one-time backup codes: add, use, list, status
//	tokenctl sheet                  print the recovery sheet
//	tokenctl sheet verify SCAN...   read it back, and compare it with the tokens
//	tokenctl restore [SCAN...]      restore from a recovery sheet
//	tokenctl password ...           the key's password: set, clear, remember, forget
//	tokenctl config                 show the settings, and where each comes from
//	tokenctl completion SHELL       print what completes command lines
//	tokenctl reset                  wipe the key's accounts and password
//	tokenctl help [TOPIC]           explain a command, or: tokens, secrets, sources, exit-codes
//
// A SOURCE is an otpauth URI, a picture of a QR code, or "-" for either of them
// on standard input. A SCAN is a picture of a page of the sheet, a PDF, or a sheet
// in text. A QUERY fits accounts by ID, then by name or issuer, then by either but for
// case, then by how they begin, then by what they contain; the first of these that
// fits any account wins, and more than one account is an error that lists them.
//
// Results go to standard output, all else to standard error, and questions to the
// terminal itself. "tokenctl code NAME", piped, prints the digits and a newline.
//
// # Exit status
//
//	0  done
//	1  any other failure
//	2  wrong usage
//	3  no such account
//	4  several accounts, or several keys, and one must be chosen
//	5  no key, no reader, or it cannot be reached
//	6  the password is wrong or missing
//	7  the key was not touched in time
//	8  no space left on the key
//	9  done in part; the message says which part
//	10 no backup code is left
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

// version is set when linking.
var version = "development"

func main() {
	keepPrivate()
	os.Exit(run())
}

// run executes the command line. A signal ends it at once: a command that waits
// for a touch cannot be stopped, but pcscd resets the card that a program releases by
// ending.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer stop()
	p := newProgram(term.Console{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Now: now, Terminal: term.OpenTerminal(),
	}, rand.Reader)
	defer p.Terminal.Close()
	status := make(chan int, 1)
	go func() { status <- execute(ctx, p, os.Args[1:]) }()
	select {
	case s := <-status:
		return s
	case <-ctx.Done():
	}
	select {
	case <-status:
	case <-time.After(interruptGrace):
	}
	fmt.Fprintln(os.Stderr)
	return term.ExitInterrupted
}

// interruptGrace is for commands to clean up in when a signal came.
const interruptGrace = 200 * time.Millisecond
