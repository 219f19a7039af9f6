// Package issuer is the side of backup codes that a service has: it makes them,
// keeps hashes of them, and takes each one once.
//
// # Use
//
// An [Issuer] needs a [Store], a clock and randomness:
//
//	store, err := issuer.OpenSQL(ctx, db, "") // or issuer.NewFileStore("codes.db")
//	codes := issuer.Issuer{
//		Store:  store,
//		Now:    time.Now,
//		Random: rand.Reader, // of crypto/rand
//	}
//
// New codes come in two steps, so that nobody loses the old ones before the new
// ones are safe: [Issuer.Prepare] makes a set while the old one still works,
// and [Issuer.Confirm] puts it in force instead. To redeem is one call:
//
//	done, err := codes.Redeem(ctx, user, typed)
//	var wait *issuer.ThrottledError
//	switch {
//	case err == nil: // this user is in; done.Left codes are left
//	case errors.As(err, &wait): // too many wrong ones; wait.Until says for how long
//	case errors.Is(err, issuer.ErrUsed): // this one is spent
//	case errors.Is(err, issuer.ErrSuperseded): // there are newer codes
//	case errors.Is(err, issuer.ErrUnknown): // not a code of this user's
//	default: // the store failed, and nothing is known
//	}
//
// The stores and hashers are safe for concurrent use, and an Issuer is if its fields
// are; values of the other types are while nobody changes them.
//
// The example named http has it behind four routes, docs/service.md has the six steps
// into a service, and package issuertest what tests need.
//
// # What holds
//
// These are the look-up secrets and saved recovery codes of NIST SP 800-63B-4,
// sections 3.1.2 and 4.2.1.1. A code is taken once, however many ask at the same
// time on however many machines. The store has no code in the clear. Wrong codes
// make the next one wait. What a person types may have the wrong case, spaces,
// dashes, and O for 0. Comparing takes the same time whichever code it is, and
// however much of it is right.
//
// What is left to the service: to deliver codes over a channel that is encrypted,
// to somebody who is logged in; to notify the owner that one was used; and to ask for
// a password beside the code, unless a code has 64 bits (section 4.2.1.1).
package issuer
