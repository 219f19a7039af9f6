package open

import (
	"context"
	"os"
	"sync"
)

// showTouch shows that a touch is awaited where the message on standard error may not be
// seen: by the command that was given for it, or else, without a terminal, by the desktop.
// It does so until over is called.
func (o *Opener) showTouch() (over func()) {
	ctx, cancel := context.WithTimeout(context.Background(), maxTouch)
	var shown sync.WaitGroup
	switch {
	case o.touchCommand != "":
		shown.Go(func() {
			c := shell(ctx, o.touchCommand)
			c.Stdout = os.Stderr // for standard output is the code's
			if err := c.Run(); err != nil && ctx.Err() == nil {
				o.Note("tokenctl: the touch command: %v", err)
			}
		})
	case !o.ShowsMessages():
		shown.Go(func() { notify(ctx, touchPlease) })
	}
	return func() {
		cancel()
		shown.Wait()
	}
}
