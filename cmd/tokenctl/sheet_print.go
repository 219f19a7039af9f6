package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// jobTitle is what a printer shows of the sheet, and keeps in its log: nothing
// that tells what it was.
const jobTitle = "document"

// lpGrace is how long lp may take to end once it is told to stop.
const lpGrace = time.Second

// printJob hands a PDF to a printer through lp, by pipe, and returns what lp says
// of the job. The default printer has the name "".
func printJob(ctx context.Context, printer, media string, pdf []byte) (job string, err error) {
	lp, err := findLP()
	if err != nil {
		return "", err
	}
	args := []string{"-t", jobTitle, "-o", "media=" + media}
	if printer != "" {
		args = append(args, "-d", printer)
	}
	var said, complaint bytes.Buffer
	c := exec.CommandContext(ctx, lp, args...)
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(pdf), &said, &complaint
	c.WaitDelay = lpGrace
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("%w: %w: %s", errNotPrinted, err, wordsOf(complaint))
	}
	return wordsOf(said), nil
}

func findLP() (string, error) {
	lp, err := exec.LookPath("lp")
	if err != nil {
		return "", errNoLP
	}
	return lp, nil
}

// wordsOf returns what a program said, on one line. That it printed no files, since
// it was given a pipe, is of no interest.
func wordsOf(output bytes.Buffer) string {
	return strings.TrimSuffix(strings.Join(strings.Fields(output.String()), " "), " (0 file(s))")
}
