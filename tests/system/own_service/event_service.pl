# Keeps each event of its queue in the event store, and answers health checks.
use strict;
use warnings;
use IO::Socket::INET;

exit 0 if "@ARGV" eq "migrate";    # it owns no tables

my ($host, $port) = ($ENV{AWS_ENDPOINT_URL} // "") =~ m{^http://([^:/]+):(\d+)}
    or die "Expected http://HOST:PORT in AWS_ENDPOINT_URL.\n";
my $text = qr/"((?:[^"\\]|\\.)*)"/;    # a string in JSON

sub call {
    my ($service, $operation, $body) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => 5)
        or die "$host:$port does not answer: $@\n";
    my $scope = "$ENV{AWS_ACCESS_KEY_ID}/20250101/$ENV{AWS_REGION}/$service/aws4_request";
    print $socket join "\r\n", "POST / HTTP/1.0", "Host: $host:$port",
        "Content-Type: application/x-amz-json-1.0", "X-Amz-Target: $operation",
        "Authorization: AWS4-HMAC-SHA256 Credential=$scope, SignedHeaders=host, Signature=none",
        "Content-Length: " . length $body, "", $body;
    my $answer = do { local $/; <$socket> } // "";
    $answer =~ m{^HTTP/1\.\d 200 } or die "$operation failed: $answer\n";
    return $answer;
}

sub consume {
    my $queue = qq("QueueUrl": "$ENV{EVENT_QUEUE_URL}");
    my $answer = call("sqs", "AmazonSQS.ReceiveMessage", "{$queue, \"WaitTimeSeconds\": 1}");
    my ($receipt) = $answer =~ /"ReceiptHandle":\s*$text/ or return;
    my ($event) = $answer =~ /"Body":\s*$text/;
    $event =~ s/\\(["\\])/$1/g;
    my %member = map { $_ => $event =~ /"$_":\s*$text/ } qw(id userId type occurredAt);
    my $item = join ", ", map { qq("$_": {"S": "$member{$_}"}) } sort keys %member;
    call("dynamodb", "DynamoDB_20120810.PutItem",
        qq({"TableName": "$ENV{EVENT_STORE_TABLE}", "Item": {$item, "language": {"S": "Perl"}}}));
    call("sqs", "AmazonSQS.DeleteMessage", qq({$queue, "ReceiptHandle": "$receipt"}));
}

my $consumer = fork // die "Expected a process for the consumer: $!\n";
if (!$consumer) {
    while (1) { eval { consume(); 1 } or do { warn $@; sleep 1 } }
}
$SIG{TERM} = $SIG{INT} = sub { kill "TERM", $consumer; exit 0 };
$SIG{CHLD} = sub { die "The consumer has ended.\n" };
my $server = IO::Socket::INET->new(LocalPort => 8080, Listen => 16, ReuseAddr => 1)
    or die "Port 8080 cannot be opened: $@\n";
while (1) {
    my $client = $server->accept or next;
    while (defined(my $line = <$client>)) { last if $line =~ /^\r?\n/ }
    print $client "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n";
}
