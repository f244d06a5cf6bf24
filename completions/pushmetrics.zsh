#compdef pushmetrics

# zsh completion for pushmetrics

local curcontext=$curcontext state line ret=1
local -A opt_args
# Names that many give their grouping labels.
local labels='app cluster environment region service site team tier'
local -a group input delivery access general json match prefix

group=(
  '(-j --job)'{-j+,--job=}'[job name of the group]:job: '
  '(-i --instance --instance-hostname)'{-i+,--instance=}'[instance label of the group]:instance: '
  "(-i --instance)--instance-hostname[this machine's host name as the instance]"
  '*'{-l+,--label=}'[further grouping label]:NAME=VALUE: compadd -q -S = - '$labels
)
input=(
  '--from=[input format]:format:(auto text openmetrics json)'
  '--strict[refuse what would be repaired]'
  "--strip-timestamps[leave out the samples' timestamps]"
  '*'{-m+,--metric=}'[metric without a file]:NAME=VALUE: '
)
delivery=(
  '*--url=[where to push]:URL: compadd -S "" - http\:// https\:// unix\: textfile\: remote-write+http\:// remote-write+https\:// otlp+http\:// otlp+https\:// otlp\: stdout\:'
  '--push-timeout=[time for a whole push]:duration: '
  '--connect-timeout=[time for one connection]:duration: '
  '--retries=[how often to try again]:number: '
  '(--no-spool)--spool=[where pushes wait]:directory:_files -/'
  '(--spool)--no-spool[let undelivered pushes be lost]'
  '--spool-max-bytes=[how large the spool may become]:size: '
  '--spool-max-age=[how long a push may wait]:duration: '
)
access=(
  '--user=[user for basic authentication]:user: '
  '--password-file=[file with the password]:file:_files'
  '--bearer-token-file=[file with a bearer token]:file:_files'
  '*'{-H+,--header=}'[further header]:header: '
  '--cacert=[trust these authorities]:file:_files'
  '--cert=[client certificate]:file:_files'
  '--key=[its private key]:file:_files'
  "--insecure[do not verify the server's certificate]"
)
general=(
  '--config=[read this configuration file, too]:file:_files'
  '(-v --verbose -q --quiet)'{-v,--verbose}'[say what is done]'
  '(-v --verbose -q --quiet)'{-q,--quiet}'[say nothing but what is lost]'
  '(- *)'{-h,--help}'[print the options]'
)
json=('--json[print one JSON document]')
match=('*--match=[groups whose label matches]:NAME=GLOB: compadd -q -S = - job instance '$labels)
prefix=("--prefix=[what the metrics' names begin with]:prefix: ")

_arguments -C \
  '(- *)'{-h,--help}'[list the subcommands]' \
  '(- *)'{-V,--version}'[print the version]' \
  '(-): :->subcommand' \
  '(-)*:: :->rest' && ret=0

case $state in
  (subcommand)
    local -a subcommands=(
      'run:run a job and push how it went'
      'push:push metrics from files or standard input'
      'check:validate and lint metrics, send nothing'
      'delete:delete a group, or the groups that match'
      'list:show the groups that the gateway holds'
      'prune:delete the groups last pushed long ago'
      "wipe:delete everything (needs the gateway's admin API)"
      'flush:deliver what is waiting in the spool'
      "set:from inside a job\: add a metric to the run's push"
      'doctor:check configuration, network, TLS, gateway and spool'
      'rules:print Prometheus alerting rules'
      'dashboard:print a Grafana dashboard'
    )
    _describe -t commands subcommand subcommands && ret=0
    ;;
  (rest)
    curcontext=${curcontext%:*}-$words[1]:
    case $words[1] in
      (run)
        # _arguments takes a `--` that is the first word for an operand.
        if (( CURRENT > 2 )) && [[ $words[2] == -- ]]; then
          shift 2 words
          (( CURRENT -= 2 ))
          _normal
          return
        fi
        _arguments -S -s $group $prefix $delivery $access $general \
          '--allow-high-cardinality[do not warn of labels that look unbounded]' \
          '--shell=[run this text by /bin/sh -c]:text:_cmdstring' \
          '--timeout=[end the job after this time]:duration: ' \
          '--signal=[by which signal]:signal:(TERM INT HUP QUIT KILL USR1 USR2 ALRM ABRT CONT STOP)' \
          '--kill-after=[and by KILL this much later]:duration: ' \
          '*--success-codes=[exit codes that count as success]:list: ' \
          '--require-push[exit 125 when only the push failed]' \
          '--ci[job and labels from the CI system]' \
          '*'{-m+,--metric=}'[add a metric]:NAME=VALUE: ' \
          '--no-rusage[leave out CPU time and memory]' \
          '--expect-every=[how often the job is to succeed]:duration: ' \
          '--count[push how often it succeeded and failed]' \
          '--notify-start[push at the start, too]' \
          '--heartbeat=[push this often that the job still runs]:duration: ' \
          '--dry-run[print the push instead of sending it]' \
          '(-)1:command: _command_names -e' \
          '*::arguments: _normal' && ret=0
        ;;
      (push)
        _arguments -S -s $group $input $delivery $access $general \
          '--allow-high-cardinality[do not warn of labels that look unbounded]' \
          '--replace[replace the whole group]' \
          '--allow-empty[push even if there is no sample]' \
          '--dry-run[print what would be pushed]' \
          '*:file:_files' && ret=0
        ;;
      (check)
        _arguments -S -s $input $general $json \
          '--lint=-[warn of what promtool would]::level:(warning error)' \
          '*:file:_files' && ret=0
        ;;
      (delete)
        _arguments -S -s $group $match $json $delivery $access $general \
          '(-n --dry-run)'{-n,--dry-run}'[only print what would be deleted]' \
          '(-y --yes)'{-y,--yes}'[do not ask before all groups are deleted]' && ret=0
        ;;
      (list)
        _arguments -S -s $match $prefix $json $delivery $access $general \
          '--sort=[by what to sort]:by:(group age state duration)' && ret=0
        ;;
      (prune)
        _arguments -S -s $match $json $delivery $access $general \
          '--older-than=[how long ago the last push must be]:duration: ' \
          '--keep-newest=[keep the newest groups of each job]:number: ' \
          '(-n --dry-run)'{-n,--dry-run}'[only print what would be deleted]' && ret=0
        ;;
      (wipe)
        _arguments -S -s $json $delivery $access $general \
          '(-y --yes)'{-y,--yes}'[really delete everything]' && ret=0
        ;;
      (flush)
        _arguments -S -s $delivery $access $general && ret=0
        ;;
      (set)
        _arguments -S -s $general \
          '--type=[type of the metric]:type:(gauge counter untyped)' \
          '--help-text=[what the metric means]:text: ' \
          '1:metric: ' '2:value: ' && ret=0
        ;;
      (doctor)
        _arguments -S -s $json $delivery $access $general && ret=0
        ;;
      (rules)
        _arguments -S -s $prefix $general \
          '(-j --job)'{-j+,--job=}'[for this job only]:job: ' \
          '--source=[how the metrics reach Prometheus]:source:(pushgateway textfile remote-write)' \
          '--max-age=[how old the last success may be]:duration: ' \
          '--max-silence=[how old the last heartbeat may be]:duration: ' \
          '--lookback=[how long ago the last run may be]:duration: ' && ret=0
        ;;
      (dashboard)
        _arguments -S -s $prefix $general \
          '--source=[how the metrics reach Prometheus]:source:(pushgateway textfile remote-write)' \
          '--lookback=[how long ago the last run may be]:duration: ' && ret=0
        ;;
    esac
    ;;
esac
return ret
