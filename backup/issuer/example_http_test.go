package issuer_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/backup/issuer"
	"github.com/tokenctl/tokenctl/backup/issuer/issuertest"
)

// A service has backup codes behind four routes. Who is logged in, and whose password was
// right, it knows already: here, the header X-User says so.
type service struct{ codes issuer.Issuer }

func (s *service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /backup-codes", s.status)
	mux.HandleFunc("POST /backup-codes", s.prepare)
	mux.HandleFunc("POST /backup-codes/confirm", s.confirm)
	mux.HandleFunc("POST /login/backup-code", s.redeem)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
		mux.ServeHTTP(w, r)
	})
}

// status shows in the settings how many codes are left.
func (s *service) status(w http.ResponseWriter, r *http.Request) {
	status, err := s.codes.Status(r.Context(), r.Header.Get("X-User"))
	if err != nil && !errors.Is(err, issuer.ErrNoCodes) {
		s.refuse(w, err)
		return
	}
	json.NewEncoder(w).Encode(map[string]any{"left": status.Left, "low": status.Low()})
}

// prepare makes new codes, shows them this once, and has them saved.
func (s *service) prepare(w http.ResponseWriter, r *http.Request) {
	new, err := s.codes.Prepare(r.Context(), r.Header.Get("X-User"))
	if err != nil {
		s.refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="example.txt"`)
	io.WriteString(w, new.Text("Backup codes of "+r.Header.Get("X-User")+" at example.com"))
}

// confirm puts them in force once the owner has typed one of them.
func (s *service) confirm(w http.ResponseWriter, r *http.Request) {
	if err := s.codes.ConfirmByCode(r.Context(), r.Header.Get("X-User"), r.FormValue("code")); err != nil {
		s.refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// redeem is the second step of a login, after the password.
func (s *service) redeem(w http.ResponseWriter, r *http.Request) {
	done, err := s.codes.Redeem(r.Context(), r.Header.Get("X-User"), r.FormValue("code"))
	if err != nil {
		s.refuse(w, err)
		return
	}
	// Here the session begins, and the owner is sent a message.
	json.NewEncoder(w).Encode(map[string]any{"left": done.Left, "low": done.Low()})
}

// refuse answers with what an error is to a browser, in the words of issuer.Reason. A
// service logs those that have no word.
func (s *service) refuse(w http.ResponseWriter, err error) {
	status := http.StatusServiceUnavailable // nothing is known
	var throttled *issuer.ThrottledError
	switch {
	case errors.As(err, &throttled):
		status = http.StatusTooManyRequests
		if !throttled.Until.IsZero() {
			wait := math.Ceil(throttled.Until.Sub(s.codes.Now()).Seconds())
			w.Header().Set("Retry-After", strconv.Itoa(int(wait)))
		}
	case errors.Is(err, issuer.ErrUsed), errors.Is(err, issuer.ErrSuperseded), errors.Is(err, issuer.ErrNotPending):
		status = http.StatusConflict
	case errors.Is(err, issuer.ErrUnknown), errors.Is(err, issuer.ErrNoCodes):
		status = http.StatusUnauthorized
	}
	http.Error(w, issuer.Reason(err), status)
}

// Four routes of a service, and what a browser gets from them.
func Example_http() {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := &service{issuer.Issuer{
		Store: issuer.NewMemoryStore(), Now: func() time.Time { return now }, Random: rand.Reader,
		Hasher: issuertest.Hasher, // leave it out, but for tests
	}}
	server := httptest.NewServer(s.routes())
	defer server.Close()

	ask := func(method, path, code string) string {
		request, err := http.NewRequest(method, server.URL+path, strings.NewReader("code="+code))
		if err != nil {
			log.Fatal(err)
		}
		request.Header.Set("X-User", "alice")
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := server.Client().Do(request)
		if err != nil {
			log.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(strings.TrimSpace(fmt.Sprintln(method, path, response.StatusCode,
			response.Header.Get("Cache-Control"), response.Header.Get("Retry-After"))))
		return string(body)
	}

	text := ask("POST", "/backup-codes", "")
	_, list, _ := strings.Cut(text, " 1. ")
	first := list[:11]
	ask("POST", "/backup-codes/confirm", first)
	fmt.Print(ask("POST", "/login/backup-code", strings.ToLower(first)))
	fmt.Print(ask("POST", "/login/backup-code", first))
	for range 5 {
		ask("POST", "/login/backup-code", "00000-00000")
	}
	fmt.Print(ask("POST", "/login/backup-code", "00000-00000"))
	fmt.Print(ask("GET", "/backup-codes", ""))
	s.codes.Store = down{s.codes.Store}
	ask("POST", "/login/backup-code", first)
	// Output:
	// POST /backup-codes 200 no-store
	// POST /backup-codes/confirm 204 no-store
	// POST /login/backup-code 200 no-store
	// {"left":9,"low":false}
	// POST /login/backup-code 409 no-store
	// used
	// POST /login/backup-code 401 no-store
	// POST /login/backup-code 401 no-store
	// POST /login/backup-code 401 no-store
	// POST /login/backup-code 401 no-store
	// POST /login/backup-code 401 no-store
	// POST /login/backup-code 429 no-store 30
	// throttled
	// GET /backup-codes 200 no-store
	// {"left":9,"low":false}
	// POST /login/backup-code 503 no-store
}

// A store that is down.
type down struct{ issuer.Store }

func (down) Load(context.Context, string) (issuer.Record, error) {
	return issuer.Record{}, errors.New("the database is down")
}
