// Command go_embed is a gRPC server that embeds OPA as a library, as a Go team would build it: the bundle is loaded
// once, the query is prepared once, and each call evaluates it in process.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// policy answers with the decision of one prepared query.
type policy struct {
	query rego.PreparedEvalQuery
}

// decider is what the service description asks of a handler.
type decider interface {
	Decide(ctx context.Context, input *wrapperspb.BytesValue) (*wrapperspb.BytesValue, error)
}

// load reads the bundle and prepares the query. Errors of built-in functions fail the call, as in Actas.
func load(ctx context.Context, bundle, query string) (*policy, error) {
	prepared, err := rego.New(
		rego.Query(query),
		rego.LoadBundle(bundle),
		// Data is kept as OPA's own terms: more memory, less work in each call. The default converts on every read.
		rego.StoreReadAST(true),
		rego.StrictBuiltinErrors(true),
	).PrepareForEval(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare %s of %s: %w", query, bundle, err)
	}
	return &policy{query: prepared}, nil
}

// Decide evaluates the query on the JSON text of the policy input; gives the JSON text of the decision.
func (p *policy) Decide(ctx context.Context, input *wrapperspb.BytesValue) (*wrapperspb.BytesValue, error) {
	parsed, err := ast.ValueFromReader(bytes.NewReader(input.GetValue()))
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "the input is no JSON: %v", err)
	}
	results, err := p.query.Eval(ctx, rego.EvalParsedInput(parsed))
	if err != nil {
		return nil, status.Errorf(codes.Internal, "evaluate: %v", err)
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return nil, status.Error(codes.Internal, "the policy gave no decision")
	}
	decision, err := json.Marshal(results[0].Expressions[0].Value)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "write the decision: %v", err)
	}
	return wrapperspb.Bytes(decision), nil
}

// service describes policy.proto. It is written by hand, so that nobody needs protoc and its Go plugins to build it.
var service = grpc.ServiceDesc{
	ServiceName: "actas.benchmark.v1.PolicyService",
	HandlerType: (*decider)(nil),
	Metadata:    "policy.proto",
	Methods: []grpc.MethodDesc{{
		MethodName: "Decide",
		Handler: func(served any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			input := new(wrapperspb.BytesValue)
			if err := decode(input); err != nil {
				return nil, err
			}
			return served.(decider).Decide(ctx, input)
		},
	}},
}

func run() error {
	bundle := flag.String("bundle", "", "the OPA bundle")
	query := flag.String("query", "data.actas.decision.decision", "what is asked")
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	loaded, err := load(ctx, *bundle, *query)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", *listen, err)
	}
	server := grpc.NewServer()
	server.RegisterService(&service, loaded)
	go func() {
		<-ctx.Done()
		server.Stop()
	}()
	// Whoever started it reads the address here.
	fmt.Println(listener.Addr())
	return server.Serve(listener)
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
