package issuer

import (
	"context"
	"errors"
	"time"
)

// A Status is what may be shown of a user's codes.
type Status struct {
	Generation int       // of the current set; 0 if there is none
	Made       time.Time // when it was
	Codes      int       // in it
	Left       int       // of them, unused
	Next       int       // the lowest unused number, to ask for; 0 if there is none
	Pending    int       // generation of the set that waits to be confirmed, or 0
}

// Status returns how a user's codes are doing. It returns ErrNoCodes if there are
// none.
func (i *Issuer) Status(ctx context.Context, user string) (Status, error) {
	sets, err := i.sets(ctx, user)
	var status Status
	for _, s := range sets {
		switch s.State {
		case Current:
			status.Generation, status.Made = s.Generation, s.Made
			status.Codes, status.Left, status.Next = len(s.Codes), s.Left(), s.Next()
		case Pending:
			status.Pending = s.Generation
		}
	}
	return status, err
}

// Remaining returns how many codes of the current set are unused. A user without
// codes has none.
func (i *Issuer) Remaining(ctx context.Context, user string) (int, error) {
	status, err := i.Status(ctx, user)
	if errors.Is(err, ErrNoCodes) {
		return 0, nil
	}
	return status.Left, err
}
