# Keeps each event of its queue in the event store, and answers health checks.
use strict;
use warnings;
use IO::Socket::INET;

exit 0 if "@ARGV" eq "migrate";    # it owns no tables

my ($host, $port) = ($ENV{AWS_ENDPOINT_URL} // "") =~ m{^http://([^:/]+):(\d+)}
    or die "Expected http://HOST:PORT in AWS_ENDPOINT_URL.\n";
my ($key, $token, $renewal) = ("", "", 0);    # credentials of the role, and when to renew them
my $text = qr/"((?:[^"\\]|\\.)*)"/;    # a string in JSON

sub post {
    my ($body, @headers) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => 5)
        or die "$host:$port does not answer: $@\n";
    print $socket join "\r\n", "POST / HTTP/1.0", "Host: $host:$port", @headers,
        "Content-Length: " . length $body, "", $body;
    my $answer = do { local $/; <$socket> } // "";
    $answer =~ m{^HTTP/1\.\d 200 } or die "A request failed: @headers\n$answer\n";
    return $answer;
}

sub assume_role {
    open my $file, "<", $ENV{AWS_WEB_IDENTITY_TOKEN_FILE} or die "The token cannot be read: $!\n";
    my $identity = <$file>;
    my $answer = post("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=perl"
        . "&RoleArn=$ENV{AWS_ROLE_ARN}&WebIdentityToken=$identity",
        "Content-Type: application/x-www-form-urlencoded");
    ($key) = $answer =~ m{<AccessKeyId>(.+?)</AccessKeyId>};
    ($token) = $answer =~ m{<SessionToken>(.+?)</SessionToken>};
    $renewal = time + 1800;
}

sub call {
    my ($service, $operation, $body) = @_;
    assume_role() if time > $renewal;
    my $scope = "$key/20250101/$ENV{AWS_REGION}/$service/aws4_request";
    return post($body, "Content-Type: application/x-amz-json-1.0", "X-Amz-Target: $operation",
        "X-Amz-Security-Token: $token",
        "Authorization: AWS4-HMAC-SHA256 Credential=$scope, SignedHeaders=host, Signature=none");
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
