// Asks a SPIFFE Workload API with go-spiffe, the standard's own library, what a workload asks it, and says what it got.
//
// It fetches and verifies an X509-SVID and a JWT-SVID, and then says so again for every rotation that it sees.
// Its lines are JSON; it ends after as many rotations as it is told to see, or with an error.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

type seen struct {
	X509ID   string   `json:"x509_id"`
	Verified string   `json:"verified"`
	Serial   string   `json:"serial"`
	JWTID    string   `json:"jwt_id"`
	KeyIDs   []string `json:"kids"`
	Remote   string   `json:"validated_remotely"`
	Domains  []string `json:"trust_domains"`
}

type watcher struct {
	contexts chan *workloadapi.X509Context
}

func (w watcher) OnX509ContextUpdate(c *workloadapi.X509Context) { w.contexts <- c }
func (w watcher) OnX509ContextWatchError(err error)              { log.Println("watch:", err) }

func main() {
	address := flag.String("address", "", "of the Workload API, such as unix:///run/agent.sock")
	audience := flag.String("audience", "https://as.example.com", "of the JWT-SVID")
	rotations := flag.Int("rotations", 0, "how many to wait for")
	timeout := flag.Duration("timeout", 60*time.Second, "for all of it")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	client, err := workloadapi.New(ctx, workloadapi.WithAddr(*address))
	check(err)
	defer client.Close()
	updates := watcher{make(chan *workloadapi.X509Context, 1)}
	go func() { _ = client.WatchX509Context(ctx, updates) }()
	for range *rotations + 1 {
		select {
		case x509Context := <-updates.contexts:
			check(json.NewEncoder(os.Stdout).Encode(look(ctx, client, x509Context, *audience)))
		case <-ctx.Done():
			log.Fatal(ctx.Err())
		}
	}
}

// look verifies both kinds of SVID against the bundles that the Workload API gives beside them.
func look(ctx context.Context, client *workloadapi.Client, got *workloadapi.X509Context, audience string) seen {
	svid := got.DefaultSVID()
	id, _, err := x509svid.Verify(svid.Certificates, got.Bundles)
	check(err)
	token, err := client.FetchJWTSVID(ctx, jwtsvid.Params{Audience: audience})
	check(err)
	bundles, err := client.FetchJWTBundles(ctx)
	check(err)
	verified, err := jwtsvid.ParseAndValidate(token.Marshal(), bundles, []string{audience})
	check(err)
	remote, err := client.ValidateJWTSVID(ctx, token.Marshal(), audience)
	check(err)
	return seen{
		X509ID:   svid.ID.String(),
		Verified: id.String(),
		Serial:   svid.Certificates[0].SerialNumber.String(),
		JWTID:    verified.ID.String(),
		KeyIDs:   keyIDs(bundles, verified),
		Remote:   remote.ID.String(),
		Domains:  domains(bundles),
	}
}

// keyIDs names the keys of the SVID's trust domain.
func keyIDs(bundles *jwtbundle.Set, svid *jwtsvid.SVID) []string {
	bundle, err := bundles.GetJWTBundleForTrustDomain(svid.ID.TrustDomain())
	check(err)
	return slices.Sorted(maps.Keys(bundle.JWTAuthorities()))
}

func domains(bundles *jwtbundle.Set) []string {
	var names []string
	for _, bundle := range bundles.Bundles() {
		names = append(names, bundle.TrustDomain().Name())
	}
	return names
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
