// go run wait.go QUERY: the same as wait.py beside it, with Go's standard library alone.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
)

type object map[string]any

// Of the protocol what is needed here; OpenRPC (weir rpc rpc.discover) has all of it, for generators.
type session struct {
	ID    string
	Proxy struct {
		Host string
		Port int
	}
}

type exchange struct {
	Seq      int
	Request  struct{ Method, URL string }
	Response *struct{ Status int }
}

type weir struct {
	stream net.Conn
	reader *textproto.Reader
	calls  int
}

// socketPath is where weir listens: the socket that weir status prints.
func socketPath() string {
	user, _ := os.UserHomeDir()
	data := filepath.Join(user, ".local/share")
	if runtime.GOOS == "darwin" {
		data = filepath.Join(user, "Library/Application Support")
	} else if named := os.Getenv("XDG_DATA_HOME"); named != "" {
		data = named
	}
	home := filepath.Join(data, "weir")
	if named := os.Getenv("WEIR_HOME"); named != "" {
		home = named
	}
	if named := os.Getenv("WEIR_SOCKET"); named != "" {
		return named
	}
	return filepath.Join(home, "weir.sock")
}

func connect() *weir {
	stream, err := net.Dial("unix", socketPath())
	if err != nil {
		log.Fatalf("%v: start weir (weir start), or name in WEIR_SOCKET the socket that weir status prints", err)
	}
	w := &weir{stream: stream, reader: textproto.NewReader(bufio.NewReader(stream))}
	w.call("initialize", object{"client": object{"name": "wait.go", "version": "1"}}, nil)
	return w
}

// call puts the result where result points to. It ends the program when weir says no.
func (w *weir) call(method string, params object, result any) {
	w.calls++
	body, err := json.Marshal(object{"jsonrpc": "2.0", "id": w.calls, "method": method, "params": params})
	check(err)
	_, err = fmt.Fprintf(w.stream, "Content-Length: %d\r\n\r\n%s", len(body), body)
	check(err)
	for {
		var answer struct {
			ID     int
			Result json.RawMessage
			Error  *struct{ Message string }
		}
		check(json.Unmarshal(w.receive(), &answer))
		if answer.ID != w.calls {
			continue // A notification.
		}
		if answer.Error != nil {
			log.Fatalf("%s: %s", method, answer.Error.Message)
		}
		if result != nil {
			check(json.Unmarshal(answer.Result, result))
		}
		return
	}
}

func (w *weir) receive() []byte {
	head, err := w.reader.ReadMIMEHeader()
	check(err)
	length, err := strconv.Atoi(head.Get("Content-Length"))
	check(err)
	body := make([]byte, length)
	_, err = io.ReadFull(w.reader.R, body)
	check(err)
	return body
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run wait.go QUERY")
	}
	w := connect()
	var s session
	w.call("session/start", object{"name": "wait.go"}, &s)
	fmt.Printf("proxy http://%s:%d\n", s.Proxy.Host, s.Proxy.Port)
	found := w.waitAndPrint(s.ID, os.Args[1])
	w.call("session/stop", object{"sessionId": s.ID}, nil)
	if !found {
		log.Fatal("nothing that was answered matched within a minute")
	}
}

func (w *weir) waitAndPrint(sessionID, query string) bool {
	var waited struct{ Item *exchange }
	w.call("exchange/wait", object{"sessionId": sessionID, "where": query, "timeoutMs": 60000}, &waited)
	e := waited.Item
	if e == nil || e.Response == nil {
		return false
	}
	fmt.Println(e.Seq, e.Request.Method, e.Request.URL, e.Response.Status)
	var body struct{ Text string }
	w.call("exchange/readText", object{"sessionId": sessionID, "seq": e.Seq, "part": "response"}, &body)
	fmt.Println(body.Text)
	return true
}
