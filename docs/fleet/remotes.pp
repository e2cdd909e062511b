# The remotes of every node as docs/fleet/company.yaml wants them.
file { '/etc/portolan-company.yaml':
  ensure => file,
  owner  => 'root',
  group  => 'root',
  mode   => '0644',
  source => 'puppet:///modules/portolan/company.yaml',
}

exec { 'portolan remotes':
  command => 'portolan remote apply --global --prune /etc/portolan-company.yaml',
  unless  => 'portolan remote apply --global --prune --check /etc/portolan-company.yaml',
  path    => ['/usr/local/bin', '/usr/bin', '/bin'],
  require => File['/etc/portolan-company.yaml'],
}
