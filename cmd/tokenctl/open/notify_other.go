//go:build !unix || darwin

package open

import "context"

// notify does nothing: there is no session bus.
func notify(context.Context, string) {}
